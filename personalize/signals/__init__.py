"""The signal socket: facts about the situation, gathered beside the request."""
