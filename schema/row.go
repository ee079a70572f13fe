package schema

// Header is what every row struct embeds, with the table's tag. Neither field
// is part of the row's stored value.
type Header struct {
	UUID UUID
	// Version is column _version: another one with each commit of the row.
	// The store sets it.
	Version UUID
}

// Row is a pointer to a row struct. Only structs that embed Header are rows.
type Row interface {
	RowUUID() UUID
	header() *Header
}

// RowUUID returns the row's identity.
func (h *Header) RowUUID() UUID { return h.UUID }

func (h *Header) header() *Header { return h }

// HeaderOf returns the header that row embeds.
func HeaderOf(row Row) *Header { return row.header() }
