"""The English model that ships: its labelled sentences, and how it is judged."""
