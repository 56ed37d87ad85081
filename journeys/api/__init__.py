"""The journey over REST."""
