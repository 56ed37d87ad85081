"""Kinds of files about the journey."""
