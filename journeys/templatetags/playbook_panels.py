"""What a playbook listens to, in words, as a template filter."""

from __future__ import annotations

from django import template

from journeys.playbook_words import event_in_words

register = template.Library()


@register.filter
def event_words(name: str) -> str:
    """The event named ``name`` in words."""
    return event_in_words(name)
