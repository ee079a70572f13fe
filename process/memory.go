package process

import (
	"bufio"
	"context"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"time"
)

// share is which part of the memory that there is the collector is told to stay
// below: what it does not count (mapped files, threads) has to fit beside it.
const share = 0.9

// LimitMemory has the garbage collector keep the process within the memory of
// its control group (version 2 or 1) or machine, by working harder as it comes
// near. It does nothing where the environment variable GOMEMLIMIT says it.
func LimitMemory(log *slog.Logger) {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	limit, ok := memory(os.DirFS("/"))
	if !ok {
		log.Warn("cannot tell how much memory there is; its use has no limit")
		return
	}
	limit = int64(float64(limit) * share)
	debug.SetMemoryLimit(limit)
	log.Debug("memory limit set", "bytes", limit)
}

// memory returns how many bytes the process can have, given the root of the
// file system.
func memory(root fs.FS) (int64, bool) {
	limit := int64(math.MaxInt64)
	eachLine(root, "proc/meminfo", func(line string) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "MemTotal:" {
			if kib, err := strconv.ParseInt(f[1], 10, 64); err == nil {
				limit = min(limit, kib<<10)
			}
		}
	})
	// cgroups(7): "hierarchy:controllers:path", without controllers in version 2.
	eachLine(root, "proc/self/cgroup", func(line string) {
		f := strings.SplitN(line, ":", 3)
		if len(f) != 3 {
			return
		}
		switch {
		case f[1] == "":
			limit = min(limit, groupLimit(root, "sys/fs/cgroup", f[2], "memory.max"))
		case hasWord(f[1], "memory"):
			limit = min(limit, groupLimit(root, "sys/fs/cgroup/memory", f[2], "memory.limit_in_bytes"))
		}
	})
	return limit, limit < math.MaxInt64
}

// groupLimit is the least limit of a group and of those that it is in. Of a
// group that is not there, as in a container that sees only its own, those that
// are count.
func groupLimit(root fs.FS, mount, group, file string) int64 {
	limit := int64(math.MaxInt64)
	for group = path.Clean("/" + group); ; group = path.Dir(group) {
		if b, err := fs.ReadFile(root, path.Join(mount, group, file)); err == nil {
			// "max" is no number.
			if n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64); err == nil && n > 0 {
				limit = min(limit, n)
			}
		}
		if group == "/" {
			return limit
		}
	}
}

func hasWord(list, word string) bool {
	for w := range strings.SplitSeq(list, ",") {
		if w == word {
			return true
		}
	}
	return false
}

func eachLine(root fs.FS, name string, f func(string)) {
	r, err := root.Open(name)
	if err != nil {
		return
	}
	defer r.Close()
	for s := bufio.NewScanner(r); s.Scan(); {
		f(s.Text())
	}
}

// CollectAt has garbage collected when the heap has grown by so many percent of
// what is in use, where the environment variable GOGC does not say it, and gives
// back to the system what is not in use now. Go's default, 100, lets a daemon that
// holds much and makes little garbage take twice what it holds.
func CollectAt(percent int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
	debug.FreeOSMemory()
}

const (
	// lookEvery is how often GiveBack looks.
	lookEvery = 30 * time.Second
	// keepSpare is how much memory may lie idle beside what a heap needs to grow
	// into between two collections.
	keepSpare = 64 << 20
)

// GiveBack gives memory back to the system that a burst has left idle, until
// ctx ends. The runtime does so by itself, but takes its time.
func GiveBack(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for idle := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		held, live := heldMemory()
		if held <= 2*live+keepSpare {
			idle = 0
			continue
		}
		if idle++; idle == 2 {
			idle = 0
			debug.FreeOSMemory()
		}
	}
}

// heldMemory returns how many bytes the runtime has from the system, and how
// many of them were in use at the end of the last collection.
func heldMemory() (held, live uint64) {
	s := []metrics.Sample{
		{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}, {Name: "/gc/heap/live:bytes"},
	}
	metrics.Read(s)
	return s[0].Value.Uint64() - s[1].Value.Uint64(), s[2].Value.Uint64()
}
