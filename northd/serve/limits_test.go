package serve

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/store/etcd"
)

// Limits that are remembered are used without asking, and a term that doubts
// them ends before long where they are not the cluster's.
func TestRememberedLimits(t *testing.T) {
	e := startEtcd(t)
	c, err := etcd.Dial(e.Endpoints(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s := &Server{cfg: Config{Etcd: e.Endpoints()[0]}, log: slog.New(slog.DiscardHandler), board: newBoard()}
	lost := make(chan error, 1)
	lose := func(err error) { lost <- err }
	guard := func() clientv3.Cmp { return clientv3.Compare(clientv3.CreateRevision("/none"), "=", 0) }
	limits := func() (etcd.Limits, func()) {
		t.Helper()
		l, remembered, err := s.limits(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		return l, s.doubt(t.Context(), c, guard, l, remembered, lose)
	}

	found, doubt := limits()
	doubt() // nothing is remembered that could be wrong
	if found.TxnOps < 1000 || found.RequestBytes < 1<<20 {
		t.Errorf("found %+v of a server that allows much", found)
	}
	if again, _ := limits(); again != found {
		t.Errorf("remembered %+v, want %+v", again, found)
	}

	if _, err := c.Put(t.Context(), limitsKey, `{"TxnOps": 77, "RequestBytes": 1234567}`); err != nil {
		t.Fatal(err)
	}
	wrong, doubt := limits()
	if wrong != (etcd.Limits{TxnOps: 77, RequestBytes: 1234567}) {
		t.Errorf("goes by %+v, not by what is remembered", wrong)
	}
	doubt()
	doubt()
	ctx, cancel := context.WithTimeout(t.Context(), limitsPause)
	defer cancel()
	select {
	case err := <-lost:
		if !errors.Is(err, errLimits) {
			t.Errorf("the term ends with %v", err)
		}
	case <-ctx.Done():
		t.Error("the term goes on with limits that are not the cluster's")
	}
	if again, _ := limits(); again != found {
		t.Errorf("remembered after that %+v, want %+v", again, found)
	}
}
