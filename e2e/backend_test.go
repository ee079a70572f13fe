package e2e

import (
	"os"
	"testing"
)

// stock is what tests run with that look at the runner by means of stock OVN.
func stock(t *testing.T) Config {
	t.Helper()
	if why := Missing(OVN{}); why != "" {
		t.Skip(why)
	}
	c := config(t)
	c.Backend = OVN{}
	return c
}

// TestStock: what the runner's clients say and containers do is judged by
// servers that have nothing to do with it.
func TestStock(t *testing.T) {
	files, err := scenarioFiles("stock")
	if err != nil {
		t.Fatal(err)
	}
	RunScripts(t, stock(t), files)
}

// TestOVNReady: stock's agent is ready when it answers packets.
func TestOVNReady(t *testing.T) {
	s, err := New(stock(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.AddHypervisors(1); err != nil {
		t.Fatal(err)
	}
	d, err := s.daemon("chassisd", "hv1")
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(d.proc.Log)
	if err != nil {
		t.Fatal(err)
	}
	if !packetsConnected.Match(log) {
		t.Errorf("the agent has not connected its packet thread\n%s", log)
	}
}
