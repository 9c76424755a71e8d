using QRCoder;

namespace AltruistManager.Web.Ui.Pages.Account;

/// <summary>What the camera of an authenticator app reads.</summary>
internal static class QrPicture
{
    private const string Issuer = "Altruist Manager";

    /// <returns>A picture as the address of itself.</returns>
    public static string OfAuthenticator(string email, string key)
    {
        using var generator = new QRCodeGenerator();
        using var data = generator.CreateQrCode(
            $"otpauth://totp/{Uri.EscapeDataString(Issuer)}:{Uri.EscapeDataString(email)}?secret={key}&issuer={Uri.EscapeDataString(Issuer)}&digits=6", QRCodeGenerator.ECCLevel.M);
        using var picture = new PngByteQRCode(data);
        return $"data:image/png;base64,{Convert.ToBase64String(picture.GetGraphic(8))}";
    }
}
