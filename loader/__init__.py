"""Bulk HubSpot association loader."""

__version__ = "0.1.0"
