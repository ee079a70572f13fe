package e2e

import (
	"fmt"
	"os"
	"strings"
)

// Memory returns the bytes of memory that a daemon has (its resident set), for
// measurements: `hv1/chassisd`.
func (s *Sandbox) Memory(name string) (int64, error) {
	d, ok := s.daemons.m[name]
	if !ok || d.proc == nil {
		return 0, fmt.Errorf("e2e: there is no daemon %q", name)
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", d.proc.pid))
	if err != nil {
		return 0, fmt.Errorf("e2e: memory of %s: %w", name, err)
	}
	for line := range strings.Lines(string(b)) {
		var kB int64
		if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kB); n == 1 {
			return kB << 10, nil
		}
	}
	return 0, fmt.Errorf("e2e: memory of %s: no VmRSS", name)
}
