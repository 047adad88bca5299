// Starts Swagger UI on the page /docs. A file of its own: the page's content security policy allows no inline
// script.
window.SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  // Its badge would send the document to a host of others.
  validatorUrl: null,
});
