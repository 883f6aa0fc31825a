"""Data from elsewhere: proposed, allowed, fetched, checked against test, dealt to training, credited."""
