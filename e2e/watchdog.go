package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// watchdogScript waits for the end of its standard input: the owner has closed
// the pipe, or is dead, by whatever signal. Then it ends every process that is
// in one of the sandbox's namespaces (nothing but the sandbox is there; the
// owner itself, $3, may be for the length of a call), deletes the namespaces
// and the directory.
const watchdogScript = `
trap '' INT TERM HUP QUIT PIPE
prefix=$1 dir=$2 owner=$3
read -r _
round=0
while [ $round -lt 300 ]; do
  inodes=$(stat -Lc %i /run/netns/$prefix-* 2>/dev/null) || break
  pids=$(stat -Lc '%i %n' /proc/[0-9]*/ns/net 2>/dev/null | awk -v inodes="$inodes" -v owner="$owner" '
    BEGIN { n = split(inodes, a); for (i = 1; i <= n; i++) ours[a[i]] = 1 }
    { split($2, p, "/"); if (($1 in ours) && p[3] != owner) print p[3] }')
  [ -n "$pids" ] || break
  kill -9 $pids 2>/dev/null
  round=$((round + 1))
  sleep 0.01
done
for ns in /run/netns/$prefix-*; do
  [ -e "$ns" ] && ip netns del "${ns##*/}"
done
rm -rf "$dir"
`

// watchdog is the process that cleans up after a sandbox, whoever ends it.
type watchdog struct {
	cmd  *exec.Cmd
	pipe *os.File // nothing is ever written; closing it is the signal
	out  *bytes.Buffer
}

func startWatchdog(prefix, dir string) (*watchdog, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("e2e: watchdog: %w", err)
	}
	defer r.Close()
	out := &bytes.Buffer{}
	cmd := exec.Command("/bin/sh", "-c", watchdogScript, "weft-watchdog", prefix, dir, strconv.Itoa(os.Getpid()))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = r, out, out
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // not ended with the owner's terminal or process group
	if err := cmd.Start(); err != nil {
		w.Close()
		return nil, fmt.Errorf("e2e: watchdog: %w", err)
	}
	return &watchdog{cmd: cmd, pipe: w, out: out}, nil
}

// clean has everything removed and waits for it.
func (w *watchdog) clean() error {
	w.pipe.Close()
	err := w.cmd.Wait()
	if msg := bytes.TrimSpace(w.out.Bytes()); err != nil || len(msg) > 0 {
		return fmt.Errorf("e2e: clean-up: %v: %s", err, msg)
	}
	return nil
}
