"""Five lecture notes on neural networks, every formula executed: `python -m demos.notes --out FOLDER`."""
