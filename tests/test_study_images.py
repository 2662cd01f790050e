"""The folders of a study: what is found in them, what is said of those that do not fit, and the bytes that are sent."""

import io

import numpy as np
import pytest
from PIL import Image
from study_process import FAKE, REAL, draw

from pix2pix_tf import UserError
from pix2pix_tf.study.study_images import as_bmp, open_study_images, parse_fakes


@pytest.fixture
def folders(tmp_path):
    """Real images 0 to 3, and those of two algorithms with one more."""
    real = draw(tmp_path / "real", range(4), REAL)
    return real, {name: draw(tmp_path / name, range(5), FAKE) for name in ("cgan", "l1")}


# Folders


def test_images_are_found_by_name_whatever_their_endings(tmp_path, folders):
    (tmp_path / "real" / "03.png").rename(tmp_path / "real" / "03.bmp")
    Image.open(tmp_path / "cgan" / "00.png").save(tmp_path / "cgan" / "more.jpg")
    (tmp_path / "cgan" / "notes.txt").write_text("no image")
    study_images = open_study_images(*folders, False, 4)
    assert study_images.real["03"] == str(tmp_path / "real" / "03.bmp")
    assert sorted(study_images.real) == ["00", "01", "02", "03"]
    assert sorted(study_images.fakes["cgan"]) == ["00", "01", "02", "03", "04", "more"]


def test_the_fingerprint_tells_other_images_and_not_another_order(tmp_path, folders):
    real, fakes = folders
    before = open_study_images(real, fakes, False, 4).fingerprint()
    assert open_study_images(real, dict(reversed(fakes.items())), False, 4).fingerprint() == before
    (tmp_path / "l1" / "04.png").rename(tmp_path / "l1" / "05.png")
    assert open_study_images(real, fakes, False, 4).fingerprint() != before


def test_a_missing_folder(tmp_path, folders):
    with pytest.raises(UserError, match=r"nowhere is not a folder; give one that holds images\.$"):
        open_study_images(folders[0], {"cgan": str(tmp_path / "nowhere")}, False, 4)


def test_an_empty_folder(tmp_path, folders):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"empty holds no images \(of kinds JPEG"):
        open_study_images(str(tmp_path / "empty"), folders[1], False, 4)


def test_too_few_images_for_one_participant(folders):
    with pytest.raises(
        UserError,
        match=r"real holds 4 images, but a participant sees 5 .* fewer --trials: with --practice .* make 4\.$",
    ):
        open_study_images(*folders, False, 5)


def test_namesakes_are_refused(tmp_path, folders):
    Image.open(tmp_path / "l1" / "01.png").save(tmp_path / "l1" / "01.bmp")
    with pytest.raises(UserError, match=r"l1/01\.bmp and \S*l1/01\.png have the same name"):
        open_study_images(*folders, False, 4)


def test_the_same_input_needs_a_partner_for_every_fake(tmp_path, folders):
    with pytest.raises(UserError, match=r"cgan/04\.png has no partner of the same name in \S*real, which --same_input"):
        open_study_images(*folders, True, 4)
    for name in ("cgan", "l1"):
        (tmp_path / name / "04.png").unlink()
    (tmp_path / "l1" / "03.png").unlink()
    assert len(open_study_images(*folders, True, 3).fakes["l1"]) == 3


def test_a_fake_of_another_size_is_refused_with_both_names(tmp_path, folders):
    draw(tmp_path / "l1", [2], FAKE, size=(8, 16))
    with pytest.raises(
        UserError, match=r"l1/02\.png is 8x16 but \S*real/00\.png is 8x8 \(height x width\); .* the same size"
    ):
        open_study_images(*folders, False, 4)


def test_a_real_image_of_another_size_is_refused_because_it_may_meet_any_fake(tmp_path, folders):
    draw(tmp_path / "real", [1], REAL, size=(16, 8))
    with pytest.raises(UserError, match=r"real/01\.png is 16x8 but \S*real/00\.png is 8x8"):
        open_study_images(*folders, False, 4)


def test_with_the_same_input_each_pair_may_have_its_own_size(tmp_path, folders):
    for name in ("cgan", "l1"):
        (tmp_path / name / "04.png").unlink()
    for name, red in (("real", REAL), ("cgan", FAKE), ("l1", FAKE)):
        draw(tmp_path / name, [1], red, size=(16, 8))
    assert len(open_study_images(*folders, True, 4).real) == 4
    draw(tmp_path / "l1", [1], FAKE, size=(8, 8))
    with pytest.raises(UserError, match=r"l1/01\.png is 8x8 but \S*real/01\.png is 16x8"):
        open_study_images(*folders, True, 4)


def test_a_truncated_image_is_found_before_anybody_takes_part(tmp_path, folders):
    path = tmp_path / "real" / "02.png"
    noise = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:100])  # The header is whole.
    with pytest.raises(UserError, match=r"real/02\.png cannot be decoded"):
        open_study_images(*folders, False, 4)


# Names


def test_fakes_are_named(monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    assert parse_fakes(["cgan:~/a", "l1:b/~"]) == {"cgan": "/home/somebody/a", "l1": "b/~"}
    assert parse_fakes(["L1+cGAN:out/a", "my l1:C:/b"]) == {"L1+cGAN": "out/a", "my l1": "C:/b"}


@pytest.mark.parametrize("text", ["out/cgan", ":out/cgan", "cgan:", "a|b:out", ""])
def test_a_fake_without_name_or_folder(text):
    with pytest.raises(UserError, match=r"^--fake must be NAME:DIR, such as cgan:out/cgan.*Received: '"):
        parse_fakes(["l1:out/l1", text])


def test_a_name_that_is_given_twice():
    with pytest.raises(UserError, match=r"^--fake gives cgan twice; give each algorithm a name of its own\.$"):
        parse_fakes(["cgan:a", "cgan:b"])


# What is sent


@pytest.mark.parametrize("size", [(8, 8), (5, 7), (64, 33)])
def test_the_length_depends_on_the_size_alone(tmp_path, size):
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png", pnginfo=None)
    Image.fromarray(np.zeros((*size, 3), np.uint8)).save(tmp_path / "flat.png")
    exif = Image.Exif()
    exif[0x010E] = "a real photograph"
    Image.fromarray(noise).save(tmp_path / "photo.jpg", exif=exif, comment=b"a real photograph")
    sent = {name: as_bmp(str(tmp_path / name)) for name in ("noise.png", "flat.png", "photo.jpg")}
    row = -(-3 * size[1] // 4) * 4  # Rows are filled up to four bytes.
    assert {len(content) for content in sent.values()} == {54 + row * size[0]}
    assert len({content[:54] for content in sent.values()}) == 1
    assert b"photograph" not in sent["photo.jpg"]
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(sent["noise.png"]))), noise)
