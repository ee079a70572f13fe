package main

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"time"
)

// client speaks JSON-RPC 1.0 on a Unix socket: to an OVSDB server, or to the
// control socket of an ovn-nbctl that runs as a daemon.
type client struct {
	conn net.Conn
	dec  *json.Decoder
	id   int
}

func dial(path string) (*client, error) {
	c, err := net.Dial("unix", path)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	return &client{conn: c, dec: json.NewDecoder(c)}, nil
}

func (c *client) call(method string, params ...any) (json.RawMessage, error) {
	c.id++
	if params == nil {
		params = []any{}
	}
	b, err := json.Marshal(map[string]any{"id": c.id, "method": method, "params": params})
	if err != nil {
		return nil, err
	}
	if err := c.conn.SetDeadline(time.Now().Add(15 * time.Minute)); err != nil {
		return nil, err
	}
	if _, err := c.conn.Write(b); err != nil {
		return nil, fmt.Errorf("bench: %s: %w", method, err)
	}
	for {
		var m struct {
			ID     json.RawMessage
			Method string
			Params json.RawMessage
			Result json.RawMessage
			Error  json.RawMessage
		}
		if err := c.dec.Decode(&m); err != nil {
			return nil, fmt.Errorf("bench: %s: %w", method, err)
		}
		if m.Method == "echo" {
			r, _ := json.Marshal(map[string]any{"id": m.ID, "result": m.Params, "error": nil})
			if _, err := c.conn.Write(r); err != nil {
				return nil, fmt.Errorf("bench: %w", err)
			}
			continue
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

// nbctl runs ovn-nbctl's command line in its daemon.
func (c *client) nbctl(args ...string) error {
	params := make([]any, len(args))
	for i, a := range args {
		params[i] = a
	}
	if _, err := c.call("run", params...); err != nil {
		return fmt.Errorf("ovn-nbctl %s: %w", strings.Join(args, " "), err)
	}
	return nil
}

// transact runs OVSDB operations; an error in any of them is an error.
func (c *client) transact(db string, ops ...any) error {
	r, err := c.call("transact", append([]any{db}, ops...)...)
	if err != nil {
		return err
	}
	var results []struct{ Error, Details string }
	if err := json.Unmarshal(r, &results); err != nil {
		return fmt.Errorf("bench: transact: %w", err)
	}
	for _, x := range results {
		if x.Error != "" {
			return fmt.Errorf("bench: transact: %s: %s", x.Error, x.Details)
		}
	}
	return nil
}
