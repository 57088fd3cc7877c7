"""`untone eval`: pictures, methods, protocols, metrics, tables and pages."""
