"""The journal and the monitor's figures to CloudWatch, for hosts on which Amazon's agents cannot be had."""
