package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// dbConn is a connection to an OVSDB server (RFC 7047) for tests: one request
// at a time, notifications to a function.
type dbConn struct {
	c      net.Conn
	enc    *json.Encoder
	dec    *json.Decoder
	notice func(method string, params json.RawMessage)
	id     int
}

type dbMessage struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method,omitempty"`
	Params json.RawMessage `json:"params,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  json.RawMessage `json:"error,omitempty"`
}

func dialDB(ctx context.Context, path string) (*dbConn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	return &dbConn{c: c, enc: json.NewEncoder(c), dec: json.NewDecoder(c)}, nil
}

func (d *dbConn) close() { d.c.Close() }

// read takes one message; echo requests are answered.
func (d *dbConn) read() (dbMessage, error) {
	var m dbMessage
	if err := d.dec.Decode(&m); err != nil {
		return m, err
	}
	switch {
	case m.Method == "echo":
		return m, d.enc.Encode(map[string]any{"id": m.ID, "result": m.Params, "error": nil})
	case m.Method != "" && d.notice != nil:
		d.notice(m.Method, m.Params)
	}
	return m, nil
}

// call waits for the reply, at most for limit.
func (d *dbConn) call(limit time.Duration, method string, params ...any) (json.RawMessage, error) {
	d.id++
	d.c.SetDeadline(time.Now().Add(limit))
	defer d.c.SetDeadline(time.Time{})
	if err := d.enc.Encode(map[string]any{"id": d.id, "method": method, "params": params}); err != nil {
		return nil, err
	}
	for {
		m, err := d.read()
		if err != nil {
			return nil, err
		}
		if m.Method != "" || string(m.ID) != fmt.Sprint(d.id) {
			continue
		}
		if len(m.Error) > 0 && string(m.Error) != "null" {
			return nil, fmt.Errorf("%s: %s", method, m.Error)
		}
		return m.Result, nil
	}
}

// leads asks the server's own database whether it leads db.
func (d *dbConn) leads(db string) bool {
	r, err := d.call(3*time.Second, "transact", "_Server", map[string]any{"op": "select", "table": "Database", "where": [][]string{{"name", "==", db}}, "columns": []string{"leader"}})
	return err == nil && bytes.Contains(r, []byte(`"leader":true`))
}

// outcome is what a client knows about its transaction.
type outcome int

const (
	done    outcome = iota // acknowledged
	refused                // was not executed, or failed as a whole
	unknown                // nobody told
)

// errElsewhere: this server does not lead, or is not there.
var errElsewhere = errors.New("not the leader")

// transact runs operations on the Northbound database. An error with unknown or
// refused means that the connection is of no more use.
func (d *dbConn) transact(ops ...any) (outcome, error) {
	r, err := d.call(20*time.Second, "transact", append([]any{"OVN_Northbound"}, ops...)...)
	if err != nil {
		return unknown, err
	}
	text := string(r)
	switch {
	case strings.Contains(text, "not leader"):
		return refused, errElsewhere
	case strings.Contains(text, "not known"):
		return unknown, nil
	case strings.Contains(text, `"error"`):
		return refused, nil
	}
	return done, nil
}

// The same tables as they come from select.
type (
	ovsUUID string
	ovsSet  []string
	ovsMap  map[string]string

	pictureSwitchRow struct {
		UUID ovsUUID `json:"_uuid"`
		Name string  `json:"name"`
	}
	pictureSetRow struct {
		UUID      ovsUUID `json:"_uuid"`
		Name      string  `json:"name"`
		Addresses ovsSet  `json:"addresses"`
	}
	pictureDatapathRow struct {
		UUID ovsUUID `json:"_uuid"`
		Key  int     `json:"tunnel_key"`
		IDs  ovsMap  `json:"external_ids"`
	}
)

// UnmarshalJSON reads ["uuid", TEXT] (RFC 7047 section 5.1).
func (u *ovsUUID) UnmarshalJSON(b []byte) error {
	var pair [2]string
	err := json.Unmarshal(b, &pair)
	*u = ovsUUID(pair[1])
	return err
}

// UnmarshalJSON reads a set of strings: ["set", [...]], or its only member.
func (s *ovsSet) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*s = ovsSet{one}
		return nil
	}
	var pair [2]json.RawMessage
	if err := json.Unmarshal(b, &pair); err != nil {
		return err
	}
	return json.Unmarshal(pair[1], (*[]string)(s))
}

// UnmarshalJSON reads ["map", [[KEY, VALUE], ...]] of strings.
func (m *ovsMap) UnmarshalJSON(b []byte) error {
	var pair [2]json.RawMessage
	var list [][2]string
	if err := json.Unmarshal(b, &pair); err != nil {
		return err
	}
	if err := json.Unmarshal(pair[1], &list); err != nil {
		return err
	}
	*m = ovsMap{}
	for _, kv := range list {
		(*m)[kv[0]] = kv[1]
	}
	return nil
}

// selectAll reads a table.
func selectAll[R any](d *dbConn, db, table string) ([]R, error) {
	r, err := d.call(20*time.Second, "transact", db, map[string]any{"op": "select", "table": table, "where": []any{}})
	if err != nil {
		return nil, err
	}
	var results []struct{ Rows []R }
	if err := json.Unmarshal(r, &results); err != nil || len(results) == 0 {
		return nil, fmt.Errorf("select %s: %s: %w", table, r, err)
	}
	return results[0].Rows, nil
}
