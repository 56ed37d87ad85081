"""Outgoing webhooks after Standard Webhooks: endpoints, deliveries, and the worker that sends them."""
