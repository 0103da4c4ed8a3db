//! NumPy's files, put together byte by byte.

/// A table by the arrays that NumPy would save, written here byte by byte (NumPy's format description, version 1.0).
pub fn npy(kind: &str, shape: &str, fortran: bool, bytes: &[u8]) -> Vec<u8> {
    let head = format!("{{'descr': '{kind}', 'fortran_order': {}, 'shape': {shape}, }}", if fortran { "True" } else { "False" });
    let padded = format!("{head:<117}\n");
    [b"\x93NUMPY\x01\x00", &(padded.len() as u16).to_le_bytes()[..], padded.as_bytes(), bytes].concat()
}

/// A ZIP file of one entry that is not compressed: PKWARE's APPNOTE 4.3.
pub fn stored_zip(name: &str, bytes: &[u8]) -> Vec<u8> {
    let crc = bytes.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
    });
    let size = (bytes.len() as u32).to_le_bytes();
    let length = (name.len() as u16).to_le_bytes();
    let about = [&[20, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &(!crc).to_le_bytes(), &size, &size, &length, &[0, 0]].concat();
    let local = [b"PK\x03\x04", &about[..], name.as_bytes(), bytes].concat();
    let central = [b"PK\x01\x02\x14\x00", &about[..], &[0; 14], name.as_bytes()].concat();
    let sizes = [(central.len() as u32).to_le_bytes(), (local.len() as u32).to_le_bytes()].concat();
    [&local[..], &central, b"PK\x05\x06\0\0\0\0\x01\0\x01\0", &sizes, &[0, 0]].concat()
}
