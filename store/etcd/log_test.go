package etcd

import (
	"bytes"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/zap"
)

// lines is a log that several goroutines write.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestHealthyMemberWarnsOfNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	for range 2 { // a first start, and one on what is there
		var l lines
		s, err := Start(testContext(t), Options{Dir: dir, Log: slog.New(slog.NewTextHandler(&l, nil))})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if l.String() != "" {
			t.Errorf("logged:\n%s", &l)
		}
	}
}

func TestRealWarningsStay(t *testing.T) {
	const serving = "setting up serving from embedded etcd failed."
	var l lines
	log := zap.New(newLogCore(slog.New(slog.NewTextHandler(&l, nil))))
	log.Error(serving, zap.Error(errors.New("http: Server closed")))
	log.Error(serving, zap.Error(errors.New("accept tcp: too many open files")))
	log.With(zap.String("error", "disk")).Warn("failed to update storage version")
	log.Warn("apply request took too long")
	log.Info("ready")
	for _, want := range []string{
		`level=ERROR msg="etcd: ` + serving + `" error="accept tcp: too many open files"`,
		`level=WARN msg="etcd: failed to update storage version" error=disk`,
		`level=WARN msg="etcd: apply request took too long"`,
	} {
		if !strings.Contains(l.String(), want) {
			t.Errorf("no %s in\n%s", want, &l)
		}
	}
	if n := strings.Count(l.String(), "\n"); n != 3 {
		t.Errorf("%d lines:\n%s", n, &l)
	}
}
