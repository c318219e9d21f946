"""Elicitation: matched observed and unobserved prompts, asked of any model that Inspect reaches."""
