"""Places where people already are: spaCy, the Hugging Face Hub, scikit-learn, pandas."""
