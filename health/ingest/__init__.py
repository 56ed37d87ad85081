"""Product events over the Segment HTTP tracking API: durable before the answer, exactly once after the drain.

A request is parsed and appended to the inbox (``protocol``, ``inbox``, ``views``); a worker drains the inbox into
profiles and events (``drain``, ``profiles``, ``attach``).
"""
