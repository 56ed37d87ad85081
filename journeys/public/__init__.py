"""What customers open without an account."""
