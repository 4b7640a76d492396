#!/usr/bin/env bash
# The wrapper on a bare machine: what dpkg does not know is installed, and only that. dpkg-query and
# apt-get are stand-ins; nothing is installed here.
. "$(dirname "$0")/lib.sh"

cp "$NESTWALK_HOME/nestwalk" wrapper
mkdir bin
cat >bin/dpkg-query <<'STUB'
#!/usr/bin/env bash
# Knows cmake, knows of fmt without having it, and as the real one fails for all the others.
printf '%s\n' 'cmake installed' 'libfmt-dev not-installed'
exit 1
STUB
cat >bin/apt-get <<'STUB'
#!/usr/bin/env bash
printf '%s\n' "$*" >>"$(dirname "$0")/../apt.log"
[[ $1 != install ]] || exit 3
STUB
printf '#!/usr/bin/env bash\nexec "$@"\n' >bin/sudo
chmod +x bin/*

PATH=$PWD/bin:$PATH expect 3 ./wrapper test
says err 'nestwalk: installing '
grep -q '^update' apt.log || fail 'the package lists were not brought up to date'
for package in g++ libsystemc-dev libfmt-dev; do
  grep -q "^install.* $package\( \|$\)" apt.log || fail "$package was not to be installed"
done
! grep -q '^install.* cmake\( \|$\)' apt.log || fail 'cmake was to be installed again'
