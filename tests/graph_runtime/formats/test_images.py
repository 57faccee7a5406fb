"""Pictures come back from files as they went in, upright, in sRGB, and broken files say what is wrong."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageCms
from PIL.TiffImagePlugin import IFDRational

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats import images, srgb
from meshloom.graph_runtime.formats.images import read_image, write_image
from meshloom.graph_runtime.types import Image

RNG = np.random.default_rng(5)


def put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def through(folder: Path, image: Image, format: str, **options: Any) -> Image:
    return read_image(put(folder, f"picture.{format}", write_image(image, format, **options)))


def smooth(height: int = 48, width: int = 64, channels: int = 3) -> NDArray[np.float32]:
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    bands = [columns / width, rows / height, (rows + columns) / (height + width), 0.2 + 0.8 * rows / height]
    return np.stack(bands[:channels], axis=-1)


@pytest.mark.parametrize("format", ["png", "bmp", "tiff", "webp"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_8_bit_pixels_come_back_exactly(tmp_path: Path, format: str, channels: int) -> None:
    image = Image(RNG.integers(0, 256, (17, 23, channels), np.uint8))
    if format == "bmp" and channels == 4:
        pytest.skip("BMP holds no alpha")
    back = through(tmp_path, image, format, quality=100)
    expected = image.rgb() if format == "webp" and channels == 1 else image.pixels
    np.testing.assert_array_equal(back.pixels, expected)
    assert back.pixels.dtype == np.uint8
    assert back.name == f"picture.{format}"


@pytest.mark.parametrize("format", ["png", "tiff"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_every_16_bit_value_comes_back_exactly(tmp_path: Path, format: str, channels: int) -> None:
    values = np.resize(np.arange(65536, dtype=np.uint16), (256, 260, channels))
    image = Image(values.astype(np.float32) / np.float32(65535))
    back = through(tmp_path, image, format, bits=16)
    assert back.pixels.dtype == np.float32
    np.testing.assert_array_equal(back.pixels, image.pixels)


def test_8_bit_pixels_saved_with_16_bits_stay_the_same_colour(tmp_path: Path) -> None:
    image = Image(np.arange(256, dtype=np.uint8).reshape(16, 16, 1))
    np.testing.assert_array_equal(through(tmp_path, image, "png", bits=16).as_uint8(), image.pixels)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_float_pixels_beyond_white_and_below_black_survive(tmp_path: Path, channels: int) -> None:
    pixels = smooth(channels=channels) * 6 - 1
    if channels == 4:
        pixels[:, :, 3] = smooth(channels=4)[:, :, 3]
    image = Image(pixels)
    np.testing.assert_array_equal(through(tmp_path, image, "tiff").pixels, pixels)
    np.testing.assert_allclose(through(tmp_path, image, "exr").pixels, pixels, rtol=2e-6, atol=1e-7)
    if channels == 3:
        # Radiance shares one exponent among the three bands: grey shows its precision, 1 in 128 of light.
        grey = smooth(channels=1).repeat(3, axis=2) * 3 + 0.1
        np.testing.assert_allclose(through(tmp_path, Image(grey), "hdr").pixels, grey, rtol=0.01)


def test_exr_holds_linear_light(tmp_path: Path) -> None:
    import OpenEXR

    half_white = Image(np.full((4, 4, 3), srgb.encode(np.float32([0.5]))[0], np.float32))
    path = put(tmp_path, "a.exr", write_image(half_white, "exr"))
    with OpenEXR.File(str(path)) as file:
        np.testing.assert_allclose(file.channels()["RGB"].pixels, 0.5, rtol=1e-6)


def test_exr_layers_windows_and_luminance(tmp_path: Path) -> None:
    import OpenEXR

    header = {
        "type": OpenEXR.scanlineimage,
        "compression": OpenEXR.ZIP_COMPRESSION,
        "dataWindow": (np.int32([1, 1]), np.int32([2, 2])),
        "displayWindow": (np.int32([0, 0]), np.int32([3, 4])),
    }
    band = np.full((2, 2), 1.0, np.float16)
    path = str(tmp_path / "layer.exr")
    OpenEXR.File(header, {"beauty.R": band, "beauty.G": band, "beauty.B": band * 0}).write(path)
    image = read_image(Path(path))
    assert image.pixels.shape == (5, 4, 3)
    np.testing.assert_array_equal(image.pixels[1:3, 1:3], np.tile(np.float32([1, 1, 0]), (2, 2, 1)))
    assert image.pixels.sum() == 8

    plain = {"type": OpenEXR.scanlineimage, "compression": OpenEXR.ZIP_COMPRESSION}
    OpenEXR.File(plain, {"Y": np.ones((3, 3), np.float32)}).write(path)
    assert read_image(Path(path)).pixels.shape == (3, 3, 1)


def test_the_srgb_curve_has_its_known_values_and_inverts() -> None:
    np.testing.assert_allclose(srgb.encode(np.float32([0, 0.18, 1])), [0, 0.461356, 1], atol=1e-6)
    values = np.linspace(-3, 100, 4001, dtype=np.float32)
    np.testing.assert_allclose(srgb.decode(srgb.encode(values)), values, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["jpg", "png", "png16", "tiff", "tiff16"])
def test_every_exif_orientation_is_applied(tmp_path: Path, orientation: int, format: str) -> None:
    # Red top left, green top right, blue bottom left, black bottom right, as seen upright.
    upright = np.zeros((32, 48, 3), np.uint8)
    upright[:16, :24, 0] = upright[:16, 24:, 1] = upright[16:, :24, 2] = 255
    undo = {
        1: lambda p: p,
        2: lambda p: p[:, ::-1],
        3: lambda p: p[::-1, ::-1],
        4: lambda p: p[::-1],
        5: lambda p: p.transpose(1, 0, 2),
        6: lambda p: np.rot90(p, 1),
        7: lambda p: p[::-1, ::-1].transpose(1, 0, 2),
        8: lambda p: np.rot90(p, -1),
    }[orientation]
    stored = np.ascontiguousarray(undo(upright))
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    if format == "tiff16":
        import tifffile

        tags = [(0x0112, "H", 1, orientation, True)]
        tifffile.imwrite(file, stored.astype(np.uint16) * 257, photometric="rgb", extratags=tags)
    elif format == "png16":
        data = write_image(Image(stored), "png", bits=16)
        chunk = b"eXIf" + exif.tobytes().removeprefix(b"Exif\0\0")
        chunk = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        file.write(data[:33] + chunk + data[33:])
    else:
        kind = {"jpg": "JPEG", "png": "PNG", "tiff": "TIFF"}[format]
        Pillow.fromarray(stored).save(file, kind, exif=exif, quality=98, subsampling=0)
    path = put(tmp_path, f"turned.{format.removesuffix('16')}", file.getvalue())
    for limit in (None, 24):
        image = read_image(path, limit).as_uint8()
        assert image.shape == ((32, 48, 3) if limit is None else (16, 24, 3))
        small = image[4::8, 4::8] if limit is None else image[2::4, 2::4]
        np.testing.assert_allclose(small.astype(int), upright[4::8, 4::8].astype(int), atol=12)


def photo(exif: Pillow.Exif, size: tuple[int, int] = (360, 240)) -> bytes:
    file = io.BytesIO()
    Pillow.new("RGB", size, "grey").save(file, "JPEG", exif=exif)
    return file.getvalue()


def test_focal_length_from_the_35_mm_equivalent(tmp_path: Path) -> None:
    exif = Pillow.Exif()
    exif.get_ifd(0x8769)[0xA405] = 50
    path = put(tmp_path, "a.jpg", photo(exif))
    assert read_image(path).focal_px == pytest.approx(50 / 36 * 360)
    assert read_image(path, 180).focal_px == pytest.approx(50 / 36 * 180)


def test_focal_length_from_the_sensor_of_a_photo_made_smaller_and_turned(tmp_path: Path) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    told = exif.get_ifd(0x8769)
    told[0x920A] = IFDRational(20, 1)
    told[0xA20E], told[0xA210], told[0xA002] = IFDRational(100, 1), 4, 2400  # 100 px/mm: a sensor of 24 mm
    path = put(tmp_path, "a.jpg", photo(exif))
    image = read_image(path)
    assert (image.width, image.height) == (240, 360)
    assert image.focal_px == pytest.approx(20 / 24 * 360)
    assert read_image(path, 90).focal_px == pytest.approx(20 / 24 * 90)


@pytest.mark.parametrize("nonsense", [IFDRational(0, 0), IFDRational(1, 0), -5, 0])
def test_nonsense_in_exif_is_no_focal_length(tmp_path: Path, nonsense: Any) -> None:
    exif = Pillow.Exif()
    told = exif.get_ifd(0x8769)
    told[0x920A] = IFDRational(20, 1)
    told[0xA20E] = nonsense if isinstance(nonsense, IFDRational) else IFDRational(nonsense, 1)
    told[0xA210] = 2
    assert read_image(put(tmp_path, "a.jpg", photo(exif))).focal_px == 0.0


@pytest.mark.parametrize("format", ["jpg", "png", "webp", "tiff"])
def test_a_known_focal_length_is_kept_in_the_file(tmp_path: Path, format: str) -> None:
    image = Image((smooth(30, 40) * 255).astype(np.uint8), focal_px=41.37)
    assert through(tmp_path, image, format).focal_px == pytest.approx(41.37, rel=1e-4)
    if format in ("png", "tiff"):
        assert through(tmp_path, image, format, bits=16).focal_px == pytest.approx(41.37, rel=1e-4)


def cmyk_jpeg(profile: bytes | None) -> bytes:
    picture = Pillow.new("CMYK", (32, 16))
    picture.paste((0, 255, 255, 0), (0, 0, 16, 16))  # red ink
    file = io.BytesIO()
    options = {"icc_profile": profile} if profile else {}
    picture.save(file, "JPEG", quality=98, **options)
    return file.getvalue()


def test_cmyk_jpeg_is_red_where_the_ink_is_red_and_white_where_there_is_none(tmp_path: Path) -> None:
    for profile in (None, b"no profile at all"):
        image = read_image(put(tmp_path, "print.jpg", cmyk_jpeg(profile)))
        assert image.pixels.shape == (16, 32, 3)
        red, white = image.pixels[8, 4].astype(int), image.pixels[8, 28].astype(int)
        assert red[0] > 200 and red[1:].max() < 60
        assert white.min() > 245


def matrix_profile(primaries: NDArray[np.float64], curve: bytes) -> bytes:
    """A minimal RGB display profile: D50 colorants (rows red, green, blue) and one curve."""
    tags = {b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)}
    for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True):
        tags[name] = b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(part * 65536) for part in column))
    for name in (b"rTRC", b"gTRC", b"bTRC"):
        tags[name] = curve
    text = b"test\0"
    tags[b"desc"] = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + b"\0" * 79
    tags[b"cprt"] = b"text\0\0\0\0free\0"
    table, body = struct.pack(">I", len(tags)), b""
    offset = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        content += b"\0" * (-len(content) % 4)
        table += name + struct.pack(">II", offset + len(body), len(content))
        body += content
    size = 128 + len(table) + len(body)
    header = struct.pack(">I4sI4s4s4s", size, b"none", 0x02100000, b"mntr", b"RGB ", b"XYZ ").ljust(36, b"\0")
    header += b"acsp" + b"\0" * 28 + struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + table + body


#: Adobe RGB (1998), adapted to D50: each row a primary.
ADOBE = np.array([[0.60974, 0.31111, 0.01947], [0.20528, 0.62567, 0.06087], [0.14919, 0.06322, 0.74457]])
GAMMA_2_2 = b"curv\0\0\0\0" + struct.pack(">IH", 1, 563) + b"\0\0"


def test_embedded_profiles_are_converted_alike_in_8_and_16_bits(tmp_path: Path) -> None:
    import tifffile

    profile = matrix_profile(ADOBE, GAMMA_2_2)
    colours = np.array([[[128, 128, 128], [200, 100, 50], [90, 160, 120], [255, 255, 255]]], np.uint8)
    file = io.BytesIO()
    Pillow.fromarray(colours).save(file, "PNG", icc_profile=profile)
    shallow = read_image(put(tmp_path, "a.png", file.getvalue())).pixels
    file = io.BytesIO()
    deep_stored = colours.astype(np.uint16) * 257
    tifffile.imwrite(file, deep_stored, photometric="rgb", iccprofile=profile)
    deep = read_image(put(tmp_path, "a.tiff", file.getvalue())).pixels
    np.testing.assert_allclose(deep * 255, shallow.astype(float), atol=1.01)
    # Adobe RGB is wider: its (200, 100, 50) is a stronger red in sRGB. Greys stay grey.
    assert deep[0, 1, 0] * 255 > 215
    assert np.ptp(shallow[0, 0]) <= 1 and shallow[0, 3].min() >= 254


def test_linear_16_bit_profiles_are_encoded(tmp_path: Path) -> None:
    import tifffile

    linear = b"curv\0\0\0\0" + struct.pack(">I", 0)
    srgb_primaries = np.array(
        [[0.43607, 0.22249, 0.01392], [0.38515, 0.71687, 0.09708], [0.14307, 0.06061, 0.7141]]
    )
    file = io.BytesIO()
    stored = np.full((2, 2, 3), round(0.18 * 65535), np.uint16)
    tifffile.imwrite(file, stored, photometric="rgb", iccprofile=matrix_profile(srgb_primaries, linear))
    np.testing.assert_allclose(read_image(put(tmp_path, "a.tif", file.getvalue())).pixels, 0.46136, atol=2e-4)


def test_an_srgb_profile_changes_no_pixel(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    pixels = RNG.integers(0, 256, (16, 16, 3), np.uint8)
    file = io.BytesIO()
    Pillow.fromarray(pixels).save(file, "PNG", icc_profile=profile)
    np.testing.assert_array_equal(read_image(put(tmp_path, "a.png", file.getvalue())).pixels, pixels)


def test_odd_modes_become_grey_colour_or_colour_with_alpha(tmp_path: Path) -> None:
    def saved(picture: Pillow.Image, format: str = "PNG", **options: Any) -> NDArray[Any]:
        file = io.BytesIO()
        picture.save(file, format, **options)
        return read_image(put(tmp_path, f"a.{format.lower()}", file.getvalue())).pixels

    grey = Pillow.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8))
    colour = Pillow.fromarray(RNG.integers(0, 256, (8, 8, 3), np.uint8))
    with_alpha = grey.copy()
    with_alpha.putalpha(128)
    assert saved(grey.convert("1")).shape == (8, 8, 1)
    np.testing.assert_array_equal(saved(with_alpha)[:, :, 0], np.asarray(grey))
    np.testing.assert_array_equal(saved(with_alpha)[:, :, 3], 128)
    palette = colour.quantize(16)
    np.testing.assert_array_equal(saved(palette), np.asarray(palette.convert("RGB")))
    assert set(np.unique(saved(palette, transparency=3)[:, :, 3])) == {0, 255}
    assert saved(palette, "GIF").shape == (8, 8, 3)
    assert saved(grey, transparency=5)[0, 5, 3] == 0


def test_premultiplied_and_planar_and_compressed_tiff(tmp_path: Path) -> None:
    import tifffile

    file = io.BytesIO()
    stored = np.full((4, 4, 4), 32768, np.uint16)
    tifffile.imwrite(file, stored, photometric="rgb", extrasamples=["assocalpha"])
    premultiplied = read_image(put(tmp_path, "a.tif", file.getvalue())).pixels
    np.testing.assert_allclose(premultiplied[0, 0], [1, 1, 1, 0.5], atol=1e-4)
    planes = RNG.integers(0, 65536, (3, 8, 9)).astype(np.uint16)
    file = io.BytesIO()
    tifffile.imwrite(file, planes, photometric="rgb", planarconfig="separate")
    planar = read_image(put(tmp_path, "b.tif", file.getvalue())).pixels
    np.testing.assert_array_equal(planar, np.moveaxis(planes, 0, -1).astype(np.float32) / np.float32(65535))
    import cv2

    lzw = cv2.imencode(".tiff", np.moveaxis(planes, 0, -1)[:, :, ::-1], [cv2.IMWRITE_TIFF_COMPRESSION, 5])[1]
    np.testing.assert_array_equal(read_image(put(tmp_path, "c.tif", lzw.tobytes())).pixels, planar)


@pytest.mark.parametrize("format", ["png", "jpg", "tiff"])
def test_smaller_on_request_keeps_the_proportions_and_the_content(tmp_path: Path, format: str) -> None:
    image = Image((smooth(120, 200) * 255).astype(np.uint8))
    path = put(tmp_path, f"a.{format}", write_image(image, format, quality=98))
    small = read_image(path, 50)
    assert (small.width, small.height) == (50, 30)
    np.testing.assert_allclose(small.as_float(), smooth(30, 50), atol=0.03)
    assert read_image(path, 1000).width == 200


def test_transparent_pixels_do_not_bleed_into_smaller_pictures(tmp_path: Path) -> None:
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[:, ::2] = (255, 0, 0, 255)
    pixels[:, 1::2] = (0, 255, 0, 0)
    for bits in (8, 16):
        path = put(tmp_path, "a.png", write_image(Image(pixels), "png", bits=bits))
        small = read_image(path, 16).as_uint8()
        assert small[:, 2:-2, 0].min() > 250 and small[:, 2:-2, 1].max() < 5


def test_jpeg_lays_transparency_on_white(tmp_path: Path) -> None:
    back = through(tmp_path, Image(np.zeros((8, 8, 4), np.uint8)), "jpg", quality=95)
    assert back.pixels.shape == (8, 8, 3) and back.pixels.min() > 250


def good(format: str) -> bytes:
    bits = 16 if format in ("png16", "tiff16") else None
    pixels = (smooth() * 255).astype(np.uint8)
    return write_image(Image(pixels), format.removesuffix("16"), bits=bits)


@pytest.mark.parametrize("format", ["png", "png16", "jpg", "webp", "bmp", "tiff", "tiff16", "exr", "hdr"])
def test_a_truncated_file_is_named_and_explained(tmp_path: Path, format: str) -> None:
    data = good(format)
    for part in (0.02, 0.3, 0.7):
        path = put(tmp_path, f"cut.{format.removesuffix('16')}", data[: int(len(data) * part)])
        with pytest.raises(NodeError, match=r"cut\."):
            read_image(path)


def test_what_is_no_picture_says_so(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match="empty"):
        read_image(put(tmp_path, "a.png", b""))
    with pytest.raises(NodeError, match="not an image"):
        read_image(put(tmp_path, "a.jpg", b"hello, this is text" * 10))
    with pytest.raises(NodeError, match=r"missing\.jpg"):
        read_image(tmp_path / "missing.jpg")
    with pytest.raises(NodeError, match="folder"):
        read_image(tmp_path)
    with pytest.raises(NodeError, match="no file is chosen"):
        read_image(Path())
    with pytest.raises(NodeError, match="HEIC"):
        read_image(put(tmp_path, "a.heic", b"\0\0\0\x18ftypheic" + b"\0" * 40))
    with pytest.raises(NodeError, match="raw"):
        read_image(put(tmp_path, "a.nef", b"II*\0" + b"\0" * 40))


def png_header(width: int, height: int, depth: int) -> bytes:
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + chunk
        + struct.pack(">I", zlib.crc32(chunk))
        + b"\0" * 60
    )


@pytest.mark.parametrize("depth", [8, 16])
def test_a_decompression_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, depth: int) -> None:
    with pytest.raises(NodeError, match="more than the file holds"):
        read_image(put(tmp_path, "bomb.png", png_header(20_000, 20_000, depth)))
    for side in (60_000, 2_000_000):
        with pytest.raises(NodeError, match="megapixels"):
            read_image(put(tmp_path, "bomb.png", png_header(side, side, depth)))
    header = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 90000 +X 90000\n" + b"\0" * 64
    with pytest.raises(NodeError, match="megapixels"):
        read_image(put(tmp_path, "bomb.hdr", header))


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("format", ["png", "png16", "jpg", "webp", "bmp", "tiff", "tiff16", "hdr", "exr"])
def test_damaged_files_raise_clean_errors_or_still_read(tmp_path: Path, format: str) -> None:
    data = np.frombuffer(good(format), np.uint8)
    random = np.random.default_rng(7)
    for _ in range(60):
        broken = data.copy()
        places = random.integers(0, min(len(broken), 400), random.integers(1, 6))
        broken[places] = random.integers(0, 256, len(places))
        path = put(tmp_path, f"a.{format.removesuffix('16')}", broken.tobytes())
        try:
            read_image(path, 256)
        except NodeError as error:
            assert "a." in str(error)


def test_formats_and_bits_that_do_not_exist_are_refused() -> None:
    image = Image(np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(NodeError, match="expected one of png"):
        write_image(image, "pdf")
    with pytest.raises(NodeError, match="expected 8"):
        write_image(image, "jpg", bits=16)
    with pytest.raises(NodeError, match="1 to 100"):
        write_image(image, "jpg", quality=0)
    assert images.image_format("Folder/Photo.JPEG") == "jpg"
    assert write_image(image, Path("x/y.TIF"))[:2] in (b"II", b"MM")


def test_pixels_that_are_no_number_are_written_as_black(tmp_path: Path) -> None:
    pixels = np.full((4, 4, 3), np.nan, np.float32)
    pixels[0] = np.inf
    for format, bits in (("png", 8), ("png", 16), ("jpg", 8)):
        back = through(tmp_path, Image(pixels), format, bits=bits).as_uint8()
        assert back[0].min() > 200 and back[2:].max() < 60
