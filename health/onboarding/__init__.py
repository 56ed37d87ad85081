"""From a company's own files to a proof: files in, measures chosen, history filled back, churn risk trained.

``files`` takes files in and says what is in them, ``carrying`` brings one step after another to its end, ``proposing``
fits a scorecard to what the data has, ``steps`` says how far a workspace has come.
"""
