package process

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"
)

func TestMemory(t *testing.T) {
	const machine = "MemTotal:        4096 kB\nMemFree:  1 kB\n"
	for name, tc := range map[string]struct {
		files map[string]string
		want  int64 // 0: not known
	}{
		"no limit":  {map[string]string{"proc/meminfo": machine, "proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/memory.max": "max\n"}, 4 << 20},
		"version 2": {map[string]string{"proc/meminfo": machine, "proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "2000000\n", "sys/fs/cgroup/a/memory.max": "1000000\n"}, 1000000},
		"container": {map[string]string{"proc/meminfo": machine, "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "3000000\n"}, 3000000},
		"version 1": {map[string]string{"proc/meminfo": machine, "proc/self/cgroup": "5:cpu:/x\n4:memory,hugetlb:/docker/1\n0::/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "500000\n"}, 500000},
		"unlimited": {map[string]string{"proc/meminfo": machine, "proc/self/cgroup": "4:memory:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, 4 << 20},
		"more":      {map[string]string{"proc/meminfo": machine, "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "99999999999\n"}, 4 << 20},
		"nothing":   {nil, 0},
		"nonsense":  {map[string]string{"proc/meminfo": "MemTotal: x kB\n", "proc/self/cgroup": "nothing\n"}, 0},
	} {
		root := fstest.MapFS{}
		for f, text := range tc.files {
			root[f] = &fstest.MapFile{Data: []byte(text)}
		}
		if got, ok := memory(root); ok != (tc.want != 0) || ok && got != tc.want {
			t.Errorf("%s: %d, %v; want %d", name, got, ok, tc.want)
		}
	}
}

// lockedBuffer is a buffer that a test reads while others write to it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func (b *lockedBuffer) Reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.b.Reset()
}

func TestLimitLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out lockedBuffer
		log := slog.New(LimitLog(slog.NewTextHandler(&out, nil), 3))
		for i := range 10 {
			log.With("client", i).Warn("refused", "i", i)
			log.Info("other")
			log.Debug("not enabled")
		}
		log.Error("refused")
		if n := strings.Count(out.String(), "\n"); n != 7 {
			t.Errorf("%d lines, want 7:\n%s", n, out.String())
		}
		out.Reset()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		for _, want := range []string{`level=WARN msg="log lines left out" kind=refused lines=7`, `level=INFO msg="log lines left out" kind=other lines=7`} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("no %s in\n%s", want, out.String())
			}
		}
		if n := strings.Count(out.String(), "\n"); n != 2 {
			t.Errorf("%d lines, want 2:\n%s", n, out.String())
		}
		out.Reset()
		log.Warn("refused")
		if !strings.Contains(out.String(), "refused") {
			t.Error("nothing is logged in the next minute")
		}
		time.Sleep(2 * time.Minute)
	})
}
