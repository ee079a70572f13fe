package main

import (
	"context"
	"encoding/json"
	"net"
	"strings"
	"testing"
)

// server answers one connection: the transaction raises nb_cfg to 1, then
// sb_cfg and hv_cfg follow.
func server(t *testing.T, then ...string) string {
	path := t.TempDir() + "/s"
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		for dec := json.NewDecoder(conn); ; {
			var m message
			if dec.Decode(&m) != nil {
				return
			}
			switch m.Method {
			case "monitor":
				_, _ = conn.Write([]byte(`{"id":` + string(m.ID) + `,"error":null,"result":{"NB_Global":{"u":{"new":{"nb_cfg":0,"sb_cfg":0,"hv_cfg":0}}}}}`))
			case "transact":
				_, _ = conn.Write([]byte(`{"id":` + string(m.ID) + `,"error":null,"result":[{"count":1},{"rows":[{"nb_cfg":1}]}]}` + strings.Join(then, "")))
			}
		}
	}()
	return path
}

func TestTimed(t *testing.T) {
	update := func(row string) string {
		return `{"id":null,"method":"update","params":["cfg",{"NB_Global":{"u":{"new":` + row + `}}}]}`
	}
	c, err := dial(t.Context(), server(t, update(`{"nb_cfg":1,"sb_cfg":1,"hv_cfg":0}`), update(`{"nb_cfg":1,"sb_cfg":1,"hv_cfg":1}`)))
	if err != nil {
		t.Fatal(err)
	}
	var w waits
	took, err := c.timed(&w)
	if err != nil {
		t.Fatal(err)
	}
	if sum := w.answer[0] + w.compiled[0] + w.installed[0]; took <= 0 || sum != took {
		t.Errorf("took %v, the parts %v, %v and %v", took, w.answer[0], w.compiled[0], w.installed[0])
	}
}

// What waits for a server that says nothing more ends with its context.
func TestDialEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c, err := dial(ctx, server(t))
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := c.transactWait("hv_cfg"); err == nil {
		t.Error("no error")
	}
}
