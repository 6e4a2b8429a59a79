"""Routes and measurements of the documents benchmark."""
