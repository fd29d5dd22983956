"""PDF files of many kinds, made on the spot."""

from __future__ import annotations

from fpdf import FPDF
from fpdf.enums import AccessPermission, EncryptionMethod


def pdf(pages: int = 3, *, password: str | None = None) -> bytes:
    """A file with a sentence on each page."""
    paper = FPDF()
    paper.set_font("Helvetica", size=32)
    if password:
        nothing = AccessPermission.none()
        paper.set_encryption("owner", password, encryption_method=EncryptionMethod.AES_128, permissions=nothing)
    for number in range(1, pages + 1):
        paper.add_page()
        paper.cell(text=f"Hoja {number} de {pages}")
    return bytes(paper.output())


def handmade(content: bytes, *, box: str = "0 0 200 200", pages: int = 1) -> bytes:
    """A file of identical pages, written out object by object; `content` is what draws them."""
    stream = b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content)
    kids = " ".join(f"{number + 4} 0 R" for number in range(pages))
    leaf = f"<< /Type /Page /Parent 2 0 R /MediaBox [{box}] /Contents 3 0 R >>".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {pages} /Kids [{kids}] >>".encode(),
        stream,
        *[leaf] * pages,
    ]
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def endless() -> bytes:
    """A small file whose one page asks for minutes of work: forms that draw each other, sixteen times each."""
    depth, times = 9, 16
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R"
            b" /Resources << /XObject << /F 5 0 R >> >> >>"
        ),
        b"<< /Length 5 >>\nstream\n/F Do\nendstream",
    ]
    for number in range(5, 5 + depth):
        draws = b"/F Do\n" * times if number < 4 + depth else b"0 0 200 200 re f\n" * times
        resources = b"<< /XObject << /F %d 0 R >> >>" % (number + 1) if number < 4 + depth else b"<< >>"
        head = b"<< /Type /XObject /Subtype /Form /BBox [0 0 200 200] /Resources %s /Length %d >>"
        objects.append(head % (resources, len(draws)) + b"\nstream\n" + draws + b"endstream")
    body = bytearray(b"%PDF-1.4\n")
    for number, each in enumerate(objects, start=1):
        body += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    return bytes(body + b"trailer\n<< /Size %d /Root 1 0 R >>\n%%%%EOF\n" % (len(objects) + 1))
