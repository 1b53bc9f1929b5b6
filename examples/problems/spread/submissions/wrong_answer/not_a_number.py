# SPDX-License-Identifier: MIT
"""What is no number is near to none."""
print("nan nan")
