"""What only the door can answer, because it needs several services: search, people, a deal's page, exports."""
