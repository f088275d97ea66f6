"""Response schemas of the gateway's own routes."""
