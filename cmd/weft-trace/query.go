package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"time"
)

// row is a database row as RFC 7047 writes it.
type row map[string]any

// timeout is for the whole conversation with a database.
const timeout = 30 * time.Second

// query reads columns of tables (given as "table column…") in one
// transaction, from the first of several remotes that answers.
func query(ctx context.Context, remotes string, tables []string) (map[string][]row, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var last error
	for remote := range strings.SplitSeq(remotes, ",") {
		rows, err := queryOne(ctx, remote, tables)
		if err == nil {
			return rows, nil
		}
		last = err
	}
	return nil, last
}

func dial(ctx context.Context, remote string) (net.Conn, error) {
	kind, address, _ := strings.Cut(remote, ":")
	switch kind {
	case "unix", "tcp":
		return new(net.Dialer).DialContext(ctx, kind, address)
	}
	return nil, fmt.Errorf("%q is neither unix:PATH nor tcp:HOST:PORT", remote)
}

func queryOne(ctx context.Context, remote string, tables []string) (map[string][]row, error) {
	c, err := dial(ctx, remote)
	if err != nil {
		return nil, fmt.Errorf("%s: database connection failed (%w)", remote, err)
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	params := []any{"OVN_Southbound"}
	for _, t := range tables {
		words := strings.Fields(t)
		params = append(params, map[string]any{"op": "select", "table": words[0], "where": []any{}, "columns": append(words[1:], "_uuid")})
	}
	enc, dec := json.NewEncoder(c), json.NewDecoder(c)
	if err := enc.Encode(map[string]any{"method": "transact", "params": params, "id": 1}); err != nil {
		return nil, fmt.Errorf("%s: %w", remote, err)
	}
	for {
		var m struct {
			Method string
			Params json.RawMessage
			ID     any
			Result json.RawMessage
			Error  any
		}
		if err := dec.Decode(&m); err != nil {
			return nil, fmt.Errorf("%s: %w", remote, err)
		}
		switch {
		case m.Method == "echo":
			if err := enc.Encode(map[string]any{"result": m.Params, "error": nil, "id": m.ID}); err != nil {
				return nil, fmt.Errorf("%s: %w", remote, err)
			}
		case m.Method != "":
		case m.Error != nil:
			return nil, fmt.Errorf("%s: %v", remote, m.Error)
		default:
			return results(remote, tables, m.Result)
		}
	}
}

func results(remote string, tables []string, text json.RawMessage) (map[string][]row, error) {
	var all []struct {
		Rows    []row
		Error   string
		Details string
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("%s: %w", remote, err)
	}
	rows := map[string][]row{}
	for i, r := range all {
		if r.Error != "" {
			return nil, fmt.Errorf("%s: %s: %s", remote, r.Error, r.Details)
		}
		if i < len(tables) {
			rows[strings.Fields(tables[i])[0]] = r.Rows
		}
	}
	return rows, nil
}

// text returns a string column, or an optional one, or a reference.
func (r row) text(column string) string {
	switch v := r[column].(type) {
	case string:
		return v
	case []any:
		if len(v) == 2 && v[0] == "uuid" {
			s, _ := v[1].(string)
			return s
		}
		if l := list(v); len(l) == 1 {
			return l[0]
		}
	}
	return ""
}

// number returns an integer column.
func (r row) number(column string) int64 {
	f, _ := r[column].(float64)
	return int64(f)
}

// texts returns the members of a set of strings or references.
func (r row) texts(column string) []string {
	switch v := r[column].(type) {
	case string:
		return []string{v}
	case []any:
		return list(v)
	}
	return nil
}

// list reads ["uuid", …] as well as ["set", […]].
func list(v []any) []string {
	if len(v) != 2 {
		return nil
	}
	if s, ok := v[1].(string); ok && v[0] == "uuid" {
		return []string{s}
	}
	members, _ := v[1].([]any)
	var all []string
	for _, m := range members {
		switch m := m.(type) {
		case string:
			all = append(all, m)
		case []any:
			all = append(all, list(m)...)
		}
	}
	return all
}

// pairs returns a map of strings.
func (r row) pairs(column string) map[string]string {
	all := map[string]string{}
	v, _ := r[column].([]any)
	if len(v) != 2 || v[0] != "map" {
		return all
	}
	members, _ := v[1].([]any)
	for _, m := range members {
		if p, ok := m.([]any); ok && len(p) == 2 {
			key, _ := p[0].(string)
			value, _ := p[1].(string)
			all[key] = value
		}
	}
	return all
}
