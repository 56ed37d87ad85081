"""The project package: settings, URLs, API wiring, the domain-free core and the local services."""
