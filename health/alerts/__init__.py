"""Alerts: who should hear of what happened to a customer, where and when, once."""
