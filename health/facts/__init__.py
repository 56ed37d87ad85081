"""Loading the facts measures read: ``live`` from running state for now, ``asof`` from the events for a past day."""
