"""Pages and fragments of health."""
