# SPDX-License-Identifier: MIT
# For puma.
run ->(_env) { [200, { 'content-length' => '5' }, ["fine\n"]] }
