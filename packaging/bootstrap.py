"""Finds a Python that Meshloom runs on and hands over to environment.py in it.

    python3 packaging/bootstrap.py --extra dev

Runs on any Python 3 that a system may call ``python3``, hence no modern syntax and no annotations: an old
one should get a sentence to read and no SyntaxError.
"""

import os
import shutil
import subprocess
import sys

OLDEST, NEWEST = (3, 11), (3, 13)  # NEWEST: the last for which every dependency has a wheel.
HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
PROBE = "import sys, ensurepip, venv; print('%d.%d' % sys.version_info[:2])"


def suits(version):
    return OLDEST <= version <= NEWEST


def version_of(python):
    """(major, minor) of the interpreter if it runs and can make virtual environments, else None.

    Finding a file of that name says little: version managers put stand-ins on the PATH that only fail.
    """
    try:
        said = subprocess.check_output([python, "-c", PROBE], stderr=subprocess.DEVNULL).decode()
        major, minor = said.strip().split(".")
        return int(major), int(minor)
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None


def names():
    """The commands to try, newest first."""
    return ["python3." + str(minor) for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]


def find():
    """This interpreter if it suits, else the newest other that does, else None."""
    for python in [sys.executable, *names()]:
        version = version_of(python)
        if version is not None and suits(version):
            return python
    return None


ADVICE = """\
Meshloom needs Python {oldest} to {newest} with its venv module; {found}.
Tried: {tried}.
  Debian 12, Ubuntu 24.04 and newer:  sudo apt-get install python3 python3-venv
  Fedora:                             sudo dnf install python3.12
  macOS:                              brew install python@3.12
  anywhere:                           uv python install 3.12
Then `make PYTHON=/path/to/python3.12 demo`, or plain `make demo` if it is on the PATH as python3.12.
"""


def lacks_venv():
    """Whether this interpreter would do but for the part that Debian packages apart."""
    return suits(sys.version_info[:2]) and version_of(sys.executable) is None


def add_venv():
    """Install that part where this may be done unasked: as root on a system with apt."""
    if not (lacks_venv() and os.geteuid() == 0 and shutil.which("apt-get")):
        return
    package = "python" + ".".join(str(part) for part in sys.version_info[:2]) + "-venv"
    print("set-up: apt-get install " + package)
    sys.stdout.flush()
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", package]):
        subprocess.call(["apt-get", *command], env=environment)


def complaint():
    """What to tell someone without a Python that suits."""
    found = sys.executable + " is " + ".".join(str(part) for part in sys.version_info[:3])
    if lacks_venv():
        found += " without it (Debian: python3-venv)"
    oldest, newest = (".".join(str(part) for part in version) for version in (OLDEST, NEWEST))
    return ADVICE.format(oldest=oldest, newest=newest, found=found, tried=", ".join(["python3", *names()]))


def main():
    python = find()
    if python is None:
        add_venv()
        python = find()
    if python is None:
        sys.stderr.write(complaint())
        return 2
    if python == sys.executable:
        import environment

        return environment.main(sys.argv[1:])
    return subprocess.call([python, os.path.join(HERE, "environment.py"), *sys.argv[1:]])  # noqa: PTH118


if __name__ == "__main__":
    sys.exit(main())
