"""What happens before and around a door: setting up, showing, testing."""
