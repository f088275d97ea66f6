"""The API reference: OpenAPI and AsyncAPI documents of all services, as JSON and as pages that load nothing else."""
