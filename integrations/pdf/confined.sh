#!/bin/sh
# Runs wkhtmltopdf (named by $WKHTMLTOPDF) within limits that pdfkit has no option for; its arguments are pdfkit's.
# The environment is already the cage's own: integrations/pdf/wkhtmltopdf.py passes these few names and no others.
# shellcheck disable=SC3045 # dash, bash and busybox have these limits; POSIX names -f alone
set -eu
ulimit -c 0                  # no core dump: it would hold a customer's address
ulimit -f "$PDF_BLOCKS"      # 512-byte blocks that any one file may have
ulimit -t "$PDF_CPU_SECONDS" # of processor time
ulimit -v "$PDF_KILOBYTES"   # of address space
cd "$HOME"
exec timeout --kill-after=1 "$PDF_SECONDS" "$WKHTMLTOPDF" "$@"
