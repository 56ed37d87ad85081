"""Churn risk learned from a workspace's own history, and the proof of it. Pure: no Django, no clock.

``panel`` lays customers out by day, ``parts`` are the estimators, ``model`` chooses among them and calibrates,
``backtest`` proves the procedure by rolling origin, ``metrics`` measures. Why so: docs/decisions/0020-churn-model.md.
"""
