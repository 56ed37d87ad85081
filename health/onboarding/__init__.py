"""From a company's own files to a proof: files in, measures chosen, history filled back, churn risk trained.

``files`` takes files in and ``looking`` says what is in them, ``proposing`` fits a scorecard to what the data has,
``carrying`` brings one step after another to its end, ``standing`` says how far a workspace has come.
``rules`` are pure.
"""
