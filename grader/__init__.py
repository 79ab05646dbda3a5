"""Cub's grader: builds, boots, watches, judges and reports (see grader/README or `make help`)."""
