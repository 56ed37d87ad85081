// Draws the reference from the OpenAPI document. Requests tried from the page carry the CSRF token of a session.
const place = document.getElementById("reference");
const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];

window.SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  deepLinking: true,
  docExpansion: "none",
  requestInterceptor: (request) => {
    const csrf = token();
    if (csrf) request.headers["X-CSRFToken"] = decodeURIComponent(csrf);
    return request;
  },
});
