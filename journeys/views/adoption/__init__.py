"""Pages of adoption: settings, people, and what is planned for a customer."""
