"""The REST interface as a whole: addresses, the OpenAPI document and its page, and errors outside any resource."""
