"""Checks of plans: meetings in calendars, days in a city, trips, and actions in STRIPS worlds."""
