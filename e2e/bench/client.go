package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"time"
)

// client holds one OVSDB connection to the Northbound database, as a cloud
// system does. (An ovn-nbctl in daemon mode holds one too, but looks through
// all ports at each lsp-add: with 10,000 that is 10 ms of its own.)
type client struct {
	conn net.Conn
	dec  *json.Decoder
	id   int
	cfg  map[string]int64     // nb_cfg, sb_cfg, hv_cfg of NB_Global, as monitored
	seen map[string]time.Time // when each of them was last told
}

const nb = "OVN_Northbound"

// dial connects. The end of ctx closes the connection.
func dial(ctx context.Context, path string) (*client, error) {
	c := &client{cfg: map[string]int64{}, seen: map[string]time.Time{}}
	var err error
	if c.conn, err = net.Dial("unix", path); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	context.AfterFunc(ctx, func() { c.conn.Close() })
	c.dec = json.NewDecoder(c.conn)
	r, err := c.call("monitor", nb, "cfg", map[string]any{"NB_Global": map[string]any{"columns": []string{"nb_cfg", "sb_cfg", "hv_cfg"}}})
	if err != nil {
		c.conn.Close()
		return nil, err
	}
	return c, c.update(r)
}

// message is any JSON-RPC message of RFC 7047.
type message struct {
	ID     json.RawMessage
	Method string
	Params json.RawMessage
	Result json.RawMessage
	Error  json.RawMessage
}

// answerTimeout bounds everything that a server is asked for.
const answerTimeout = 15 * time.Minute

func (c *client) call(method string, params ...any) (json.RawMessage, error) {
	c.id++
	b, err := json.Marshal(map[string]any{"id": c.id, "method": method, "params": params})
	if err != nil {
		return nil, err
	}
	if _, err := c.conn.Write(b); err != nil {
		return nil, fmt.Errorf("bench: %s: %w", method, err)
	}
	for {
		m, err := c.read()
		if err != nil {
			return nil, fmt.Errorf("bench: %s: %w", method, err)
		}
		if m.Method != "" || string(m.ID) != fmt.Sprint(c.id) {
			continue
		}
		if len(m.Error) > 0 && string(m.Error) != "null" {
			return nil, fmt.Errorf("bench: %s: %s", method, m.Error)
		}
		return m.Result, nil
	}
}

// read takes the next message, and answers or applies it where it is not for
// the caller.
func (c *client) read() (message, error) {
	if err := c.conn.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
		return message{}, err
	}
	var m message
	if err := c.dec.Decode(&m); err != nil {
		return m, err
	}
	switch m.Method {
	case "echo":
		b, err := json.Marshal(map[string]any{"id": m.ID, "result": m.Params, "error": nil})
		if err != nil {
			return m, err
		}
		_, err = c.conn.Write(b)
		return m, err
	case "update":
		var params []json.RawMessage
		if err := json.Unmarshal(m.Params, &params); err != nil || len(params) != 2 {
			return m, fmt.Errorf("bench: update: %s", m.Params)
		}
		return m, c.update(params[1])
	}
	return m, nil
}

func (c *client) update(b json.RawMessage) error {
	var u map[string]map[string]struct{ New map[string]int64 }
	if err := json.Unmarshal(b, &u); err != nil {
		return fmt.Errorf("bench: update: %w", err)
	}
	for _, row := range u["NB_Global"] {
		for column, v := range row.New {
			if c.cfg[column] != v {
				c.cfg[column], c.seen[column] = v, time.Now()
			}
		}
	}
	return nil
}

// op is an OVSDB operation.
type op map[string]any

// transact runs operations; an error in any of them is an error. The rows of
// the last result are returned.
func (c *client) transact(ops ...op) ([]map[string]any, error) {
	params := []any{nb}
	for _, o := range ops {
		params = append(params, o)
	}
	r, err := c.call("transact", params...)
	if err != nil {
		return nil, err
	}
	var results []struct {
		Error, Details string
		Rows           []map[string]any
	}
	if err := json.Unmarshal(r, &results); err != nil {
		return nil, fmt.Errorf("bench: transact: %w", err)
	}
	var rows []map[string]any
	for _, x := range results {
		if x.Error != "" {
			return nil, fmt.Errorf("bench: transact: %s: %s", x.Error, x.Details)
		}
		rows = x.Rows
	}
	return rows, nil
}

// transactWait does as `ovn-nbctl --wait=sb` (column sb_cfg) and `--wait=hv`
// (hv_cfg) do: the transaction raises nb_cfg, and the other column follows
// when it is done.
func (c *client) transactWait(column string, ops ...op) error {
	_, err := c.transactUntil(column, ops...)
	return err
}

// transactUntil is transactWait that tells when the transaction was answered.
func (c *client) transactUntil(column string, ops ...op) (answered time.Time, err error) {
	ops = append(ops, op{"op": "mutate", "table": "NB_Global", "where": []any{}, "mutations": []any{[]any{"nb_cfg", "+=", 1}}},
		op{"op": "select", "table": "NB_Global", "where": []any{}, "columns": []string{"nb_cfg"}})
	rows, err := c.transact(ops...)
	if err != nil {
		return answered, err
	}
	answered = time.Now()
	if len(rows) != 1 {
		return answered, fmt.Errorf("bench: NB_Global has %d rows", len(rows))
	}
	want, ok := rows[0]["nb_cfg"].(float64)
	if !ok {
		return answered, fmt.Errorf("bench: nb_cfg is %v", rows[0]["nb_cfg"])
	}
	for c.cfg[column] < int64(want) {
		if _, err := c.read(); err != nil {
			return answered, fmt.Errorf("bench: waiting for %s: %w", column, err)
		}
	}
	return answered, nil
}

// waits are the parts of `--wait=hv` as a client sees them: until the answer,
// from there until sb_cfg is told, and from there until hv_cfg is.
type waits struct{ answer, compiled, installed []time.Duration }

// timed is transactWait to hv_cfg; it returns what it took and notes the parts.
func (c *client) timed(w *waits, ops ...op) (time.Duration, error) {
	start := time.Now()
	answered, err := c.transactUntil("hv_cfg", ops...)
	if err != nil {
		return 0, err
	}
	sb, hv := c.seen["sb_cfg"], c.seen["hv_cfg"]
	w.answer = append(w.answer, answered.Sub(start))
	w.compiled = append(w.compiled, sb.Sub(answered))
	w.installed = append(w.installed, hv.Sub(sb))
	return hv.Sub(start), nil
}

func (w *waits) String() string {
	median := func(all []time.Duration) time.Duration {
		return slices.Sorted(slices.Values(all))[len(all)/2].Round(time.Microsecond)
	}
	return fmt.Sprintf("transaction answered %v, from there to sb_cfg %v, from there to hv_cfg %v", median(w.answer), median(w.compiled), median(w.installed))
}
