"""Writing adoption: rules and display, states as they are computed, plans, groups and indicators."""
