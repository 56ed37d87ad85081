"""How the success plan stands: pure rules on versions and measurements, for any day, from what was known by then."""
